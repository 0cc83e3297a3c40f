"""The database itself refuses an infusion that ended without a completed handover record (checked at commit)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION homeward_release_has_handover() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IN ('released', 'home') AND NOT EXISTS (
        SELECT 1 FROM support_handover
        WHERE infusion_id = NEW.id AND done_at IS NOT NULL AND how = NEW.released_how
    ) THEN
        RAISE EXCEPTION 'infusion % was released without a handover', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'infusion_released_by_handover';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER infusion_released_by_handover
    AFTER INSERT OR UPDATE OF status, released_how ON clinic_infusion
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION homeward_release_has_handover();
"""
DROP = """
DROP TRIGGER infusion_released_by_handover ON clinic_infusion;
DROP FUNCTION homeward_release_has_handover();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
