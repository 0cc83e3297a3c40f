"""Takes the diary's locks and tells where a course stands once they are held: one round trip for every booking."""

from django.db import migrations

# Each statement of a function sees what was committed before it began: the second looks only when the locks are held.
FUNCTION = """
CREATE FUNCTION clinic_hold_course(kinds int[], keys int[], wanted bigint, OUT its_status text, OUT its_sessions int,
    OUT put_away boolean, OUT its_stamp uuid, OUT numbers int[], OUT starts timestamptz[])
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM CASE WHEN lock.kind = 7000 THEN pg_advisory_xact_lock_shared(lock.kind, lock.key)
        ELSE pg_advisory_xact_lock(lock.kind, lock.key) END
    FROM unnest(kinds, keys) AS lock(kind, key);
    SELECT course.status, course.sessions, patient.is_archived, (SELECT stamp FROM clinic_diarystamp)
    INTO its_status, its_sessions, put_away, its_stamp
    FROM clinic_course course JOIN clinic_patient patient ON patient.id = course.patient_id
    WHERE course.id = wanted;
    SELECT coalesce(array_agg(number::int ORDER BY number), '{}'), coalesce(array_agg(starts_at ORDER BY number), '{}')
    INTO numbers, starts
    FROM clinic_infusion
    WHERE course_id = wanted AND NOT (status IN ('cancelled', 'no_show'));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0005_closure_created_at"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION clinic_hold_course(int[], int[], bigint);"),
    ]
