-- KEYS  the item. Gives its fields and their values in turn; none where it is absent.
-- It is a script so that the primary runs it: a replica may lag behind.
return redis.call('HGETALL', KEYS[1])
