"""What every booking asks before anybody is told, planned once for each connection: one round trip."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION support_first_look(whose bigint, addresses text[], OUT somebody boolean, OUT silent text[],
    OUT anybody_waits boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    somebody := EXISTS (SELECT 1 FROM support_designation WHERE patient_id = whose AND withdrawn_at IS NULL);
    silent := ARRAY(SELECT address FROM messaging_optout WHERE address = ANY(addresses) AND ended_at IS NULL);
    anybody_waits := EXISTS (SELECT 1 FROM support_waitlistentry WHERE closed_at IS NULL)
        OR EXISTS (SELECT 1 FROM support_placeoffer WHERE status = 'open');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0001_initial"),
        ("support", "0005_clinicians_own_calendar"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION support_first_look(bigint, text[]);"),
    ]
