DROP TABLE directory_totals;
