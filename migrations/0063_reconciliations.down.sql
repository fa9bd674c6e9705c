DROP TABLE reconciliation_differences;
DROP TABLE reconciliation_people;
DROP TABLE reconciliations;
