DROP TABLE existing_users;
