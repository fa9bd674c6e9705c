DROP TABLE api_processes;
DROP TABLE unanswered_writes;
DROP TABLE writes;
