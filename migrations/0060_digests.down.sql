DROP TABLE digest_deliveries;
DROP TABLE failure_digests;
