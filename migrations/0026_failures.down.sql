DROP INDEX audit_subject;
DROP TABLE failures;
