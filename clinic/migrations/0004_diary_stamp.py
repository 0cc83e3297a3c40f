"""Whatever decides when visits can be booked gives the diary a new stamp, and waits for bookings in flight."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION clinic_stamp_diary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Bookings hold this lock shared: none is decided under what this statement changes.
    PERFORM pg_advisory_xact_lock(7000, 0);
    INSERT INTO clinic_diarystamp (id, stamp) VALUES (1, gen_random_uuid())
    ON CONFLICT (id) DO UPDATE SET stamp = EXCLUDED.stamp;
    RETURN NULL;
END $$;
"""

# Of people only what decides whether they treat patients: signing in changes nothing here.
TABLES = {
    "clinic_site": "INSERT OR DELETE OR UPDATE",
    "clinic_room": "INSERT OR DELETE OR UPDATE",
    "clinic_openinghours": "INSERT OR DELETE OR UPDATE",
    "clinic_workinghours": "INSERT OR DELETE OR UPDATE",
    "clinic_closure": "INSERT OR DELETE OR UPDATE",
    "clinic_policy": "INSERT OR DELETE OR UPDATE",
    "clinic_protocol": "INSERT OR DELETE OR UPDATE",
    "clinic_protocolstage": "INSERT OR DELETE OR UPDATE",
    "clinic_staffmember": "INSERT OR DELETE OR UPDATE OF role, is_active, full_name",
    "clinic_staffmember_sites": "INSERT OR DELETE OR UPDATE",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER diary_stamp AFTER {events} ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION clinic_stamp_diary();\n"
    for table, events in TABLES.items()
)
GONE = "".join(f"DROP TRIGGER diary_stamp ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ("clinic", "0003_days_of_a_protocol_are_stages"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION + TRIGGERS, GONE + "DROP FUNCTION clinic_stamp_diary();"),
    ]
