DROP TABLE async_requests;
DROP TABLE accepted_writes;
