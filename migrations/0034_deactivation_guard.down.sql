ALTER TABLE users DROP COLUMN is_held;
DROP TABLE held_deactivations;
DROP TABLE guard_cycles;
DROP TABLE deactivation_guards;
