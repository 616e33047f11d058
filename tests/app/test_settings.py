from viewer.app import settings
from viewer.app.settings import Settings


def test_settings_are_kept_and_a_bad_value_costs_only_itself(tmp_path):
    settings.save(tmp_path, Settings(reader="Doe", interface_size=120))
    assert settings.load(tmp_path) == (Settings(reader="Doe", interface_size=120), "")
    (tmp_path / settings.NAME).write_text(
        'reader = "Doe"\ninterface_size = 400\nbackend = "magic"\nodd = 1\n'
    )
    read, said = settings.load(tmp_path)
    assert read == Settings(reader="Doe")
    assert "backend, interface_size, odd" in said
    (tmp_path / settings.NAME).write_text("= broken")
    read, said = settings.load(tmp_path)
    assert read == Settings()
    assert "cannot be read" in said
