"""Patients from an electronic health record's FHIR R4 export."""
