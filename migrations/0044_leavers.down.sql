DROP INDEX writes_leavers;
