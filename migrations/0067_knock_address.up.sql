-- From where the last request that was turned away came: without it nobody can tell a forgotten proxy from a stranger.
ALTER TABLE knocks ADD COLUMN address text;
