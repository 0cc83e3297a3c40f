"""Whoever still has a record open that was joined with another meanwhile books nothing on it."""

from django.db import migrations

# Asked while the patient's lock is held, as joining holds it: either side sees what the other has done.
FUNCTION = """
CREATE FUNCTION clinic_patient_is_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM clinic_patient WHERE id = NEW.patient_id AND merged_into_id IS NOT NULL) THEN
        RAISE EXCEPTION 'patient % was joined with another', NEW.patient_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_is_left';
    END IF;
    RETURN NEW;
END $$;
"""
TABLES = ("clinic_course", "clinic_infusion")
TRIGGERS = "".join(
    f"CREATE TRIGGER patient_is_left BEFORE INSERT OR UPDATE OF patient_id ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION clinic_patient_is_left();\n"
    for table in TABLES
)
GONE = "".join(f"DROP TRIGGER patient_is_left ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0006_hold_course"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION + TRIGGERS, GONE + "DROP FUNCTION clinic_patient_is_left();"),
    ]
