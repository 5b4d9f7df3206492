from tests.vendor import client, cuff, kit, no_pauses_between_tries, scale, sim

__all__ = ["client", "cuff", "kit", "no_pauses_between_tries", "scale", "sim"]
