"""Every yes to texts becomes a consent, for the number it was given for; a booking's first look reads it along."""

from django.db import migrations

# A patient's yes was to all texts. A helper who answered was written to by e-mail.
CONSENTS = """
INSERT INTO messaging_consent (person, purpose, channel, address, language, wording, how, given_at, recorded_by_id,
    withdrawn_how)
SELECT 'patient:' || id, purpose, 'sms', lower(phone), language, 'Recorded before wordings were kept.', 'before',
    texts_agreed_at, texts_agreed_with_id, ''
FROM clinic_patient CROSS JOIN unnest(ARRAY['visits', 'checkins', 'offers']) AS purpose
WHERE texts_agreed_at IS NOT NULL AND phone <> ''
ON CONFLICT DO NOTHING;
INSERT INTO messaging_consent (person, purpose, channel, address, language, wording, how, given_at, withdrawn_how)
SELECT 'person:' || id, purpose, 'sms', lower(phone), language, 'Recorded before wordings were kept.', 'before',
    texts_agreed_at, ''
FROM support_supportperson CROSS JOIN unnest(ARRAY['rides', 'checkins']) AS purpose
WHERE texts_agreed_at IS NOT NULL AND phone <> ''
ON CONFLICT DO NOTHING;
INSERT INTO messaging_consent (person, purpose, channel, address, language, wording, how, given_at, withdrawn_how)
SELECT 'person:' || person.id, purpose, 'email', lower(person.email), person.language,
    'Recorded before wordings were kept.', 'before', answered.first_at, ''
FROM support_supportperson person
CROSS JOIN unnest(ARRAY['rides', 'checkins']) AS purpose
JOIN (
    SELECT designation.person_id, min(promise.answered_at) AS first_at
    FROM support_commitment promise JOIN support_designation designation ON designation.id = promise.designation_id
    WHERE promise.answered_at IS NOT NULL AND promise.status <> 'declined'
    GROUP BY designation.person_id
) answered ON answered.person_id = person.id
WHERE person.email <> ''
ON CONFLICT DO NOTHING;
"""

FUNCTION = """
DROP FUNCTION support_first_look(bigint, text[]);
CREATE FUNCTION support_first_look(whose bigint, addresses text[], called text, OUT somebody boolean,
    OUT silent text[], OUT agreed text[], OUT anybody_waits boolean)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    somebody := EXISTS (SELECT 1 FROM support_designation WHERE patient_id = whose AND withdrawn_at IS NULL);
    silent := ARRAY(SELECT address FROM messaging_optout WHERE address = ANY(addresses) AND ended_at IS NULL);
    agreed := ARRAY(SELECT purpose || ' ' || channel || ' ' || address FROM messaging_consent
        WHERE person = called AND withdrawn_at IS NULL);
    anybody_waits := EXISTS (SELECT 1 FROM support_waitlistentry WHERE closed_at IS NULL)
        OR EXISTS (SELECT 1 FROM support_placeoffer WHERE status = 'open');
END $$;
"""

BEFORE = """
DROP FUNCTION support_first_look(bigint, text[], text);
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
        ("clinic", "0010_preferences"),
        ("messaging", "0002_two_way"),
        ("support", "0007_preferences"),
    ]

    operations = [
        migrations.RunSQL(CONSENTS, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTION, BEFORE),
    ]
