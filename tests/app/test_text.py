from viewer.app.text import clock, company, date, number, person, shortened, spans
from viewer.core.reading.chance import chance, one_in, percent


def test_how_things_are_written():
    assert person("Doe^Jane^Ann=X") == "Doe, Jane Ann"
    assert person("") == ""
    assert date("19990102") == "2 Jan 1999"
    assert date("1999") == "1999"
    assert clock("nonsense") == ""
    assert number(-500.0) == "−500"
    assert spans([114, 115, 120, 121]) == "115 to 116 and 121 to 122"
    assert percent(0.004) == "< 1 %"
    assert percent(0.999) == "> 99 %"
    assert chance(0.3, (0.22, 0.41)) == "22–41 %"
    assert chance(0.9, (0.83, 0.999)) == "≥ 83 %"
    assert chance(0.02, (0.001, 0.11)) == "≤ 11 %"
    assert chance(0.3, None) == "30 %"
    assert one_in(0.31) == "about 1 in 3 is real"
    assert shortened("no series suits this model: modality CR", 24) == "no series suits this …"
    assert company("GE MEDICAL SYSTEMS") == "GE Medical Systems"
