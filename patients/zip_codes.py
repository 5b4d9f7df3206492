"""Which state a ZIP code is in, by its first three digits.

USPS gives each sectional centre its prefixes; the list follows its tables as they were in 2026. A few places near a
border are served from the other side (06390 on Fishers Island, New York, from Connecticut), so a mismatch is only
a warning.
"""

from __future__ import annotations

from patients.validators import ZIP_CODE

# First and last prefix of each run.
ZIP_PREFIXES_BY_STATE: dict[str, str] = {
    "NY": "005 063 100-149", "PR": "006-007 009", "VI": "008", "MA": "010-027 055", "RI": "028-029", "NH": "030-038",
    "ME": "039-049", "VT": "050-054 056-059", "CT": "060-069", "NJ": "070-089", "AE": "090-099", "PA": "150-196",
    "DE": "197-199", "DC": "200 202-205 569", "VA": "201 220-246", "MD": "206-219", "WV": "247-268", "NC": "270-289",
    "SC": "290-299", "GA": "300-319 398-399", "FL": "320-339 341-349", "AA": "340", "AL": "350-369", "TN": "370-385",
    "MS": "386-397", "KY": "400-427", "OH": "430-459", "IN": "460-479", "MI": "480-499", "IA": "500-528",
    "WI": "530-549", "MN": "550-567", "SD": "570-577", "ND": "580-588", "MT": "590-599", "IL": "600-629",
    "MO": "630-658", "KS": "660-679", "NE": "680-693", "LA": "700-714", "AR": "716-729", "OK": "730-732 734-749",
    "TX": "733 750-799 885", "CO": "800-816", "WY": "820-831", "ID": "832-838", "UT": "840-847", "AZ": "850-865",
    "NM": "870-884", "NV": "889-898", "CA": "900-961", "AP": "962-966", "HI": "967-968", "AS": "967", "GU": "969",
    "MP": "969", "OR": "970-979", "WA": "980-994", "AK": "995-999",
}  # fmt: skip
# Shown in a message, which is stored in a cookie: so without the code and the state.
ZIP_STATE_WARNING = "The ZIP code doesn't seem to be one of that state. Please compare both with the address."


STATES_BY_ZIP_PREFIX: dict[str, set[str]] = {}
for _state, _runs in ZIP_PREFIXES_BY_STATE.items():
    for _run in _runs.split():
        for _number in range(int(_run[:3]), int(_run[-3:]) + 1):
            STATES_BY_ZIP_PREFIX.setdefault(f"{_number:03}", set()).add(_state)


def zip_state_mismatch(*, state: str, zip_code: str) -> str:
    """Warning text; empty if they match, if one is missing, and if the field itself reports an invalid ZIP code."""
    if not (state and ZIP_CODE.fullmatch(zip_code)) or state in STATES_BY_ZIP_PREFIX.get(zip_code[:3], set()):
        return ""
    return ZIP_STATE_WARNING
