import pytest

from devices.hardware_ids import format_hardware_id


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        *((text, "F5E7-C9FA-474A") for text in ("F5E7C9FA474A", "f5e7c9fa474a", "F5:E7:C9:FA:47:4A", "F5E7-C9FA-474A")),
        *(("356000000000017", "356000000000017"), ("35-600000-000001-7", "356000000000017")),
        *(("", ""), ("SN-12", "SN-12"), ("carrier.example/9400", "carrier.example/9400")),
    ],
)
def test_format_hardware_id_prints_each_id_in_one_way(text, printed):
    assert format_hardware_id(text) == printed
