DROP TABLE cycles;
