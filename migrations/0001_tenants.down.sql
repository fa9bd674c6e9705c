DROP TABLE installation;
DROP TABLE tokens;
DROP TABLE connections;
DROP TABLE tenants;
