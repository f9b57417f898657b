-- All writes or none. First everything is checked, then everything is written: a script that fails half-way
-- is not rolled back.
--
-- KEYS  the expiries, the operation, then for each write its item and its partition
-- ARGV  now, how long the operation is kept ('' where there is none), and for each write:
--       kind, expect ('' for any), expires_at ('' for none), sk, data, member, how many counters,
--       and for each counter its name, delta and ceiling
-- Gives {-1, counters of each Add…} or {the index of the first refused write}.
--
-- An item is a hash: v its version, e its expiry, d its data or c:NAME its counters. Its partition is a sorted
-- set of sort keys, all at score 0; the expiries are a sorted set of members ('LENGTH:' .. pk .. sk).
-- Numbers here are doubles, exact to 2^53; strings are bytes and nothing is encoded anew.

local EXPIRIES, OPERATION = KEYS[1], KEYS[2]
local NOW, KEEP = tonumber(ARGV[1]), ARGV[2]
local COUNTER_MAX = 9007199254740991
local SWEPT = 10

local function parse()
  local writes, at = {}, 3
  for index = 1, (#KEYS - 2) / 2 do
    local write = {
      item = KEYS[2 * index + 1], partition = KEYS[2 * index + 2],
      kind = ARGV[at], expect = ARGV[at + 1], expires = ARGV[at + 2],
      sk = ARGV[at + 3], data = ARGV[at + 4], member = ARGV[at + 5], counters = {},
    }
    local counters = tonumber(ARGV[at + 6])
    at = at + 7
    for _ = 1, counters do
      table.insert(write.counters, { field = 'c:' .. ARGV[at], delta = ARGV[at + 1], ceiling = ARGV[at + 2] })
      at = at + 3
    end
    writes[index] = write
  end
  return writes
end

local function look(write)
  local found = redis.call('HMGET', write.item, 'v', 'e', 'd')
  write.live = found[1] and not (found[2] and tonumber(found[2]) <= NOW)
  write.version = write.live and tonumber(found[1]) or 0
  write.kept = write.live and found[2]
  write.is_put = write.live and found[3]
end

local function can_add(write)
  if write.is_put then return false end
  for _, counter in ipairs(write.counters) do
    local before = write.live and redis.call('HGET', write.item, counter.field) or 0
    local after = tonumber(before) + tonumber(counter.delta)
    if after > tonumber(counter.ceiling) or after < -COUNTER_MAX then return false end
  end
  return true
end

local function holds(write)
  look(write)
  if write.kind == 'add' then return can_add(write) end
  return write.expect == '' or tonumber(write.expect) == write.version
end

local function counters(item)
  local fields, found = redis.call('HGETALL', item), {}
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 2) == 'c:' then
      table.insert(found, string.sub(fields[at], 3))
      table.insert(found, fields[at + 1])
    end
  end
  return found
end

local function expire(write, expires)
  if expires == '' then
    redis.call('ZREM', EXPIRIES, write.member)
  else
    redis.call('HSET', write.item, 'e', expires)
    redis.call('ZADD', EXPIRIES, expires, write.member)
  end
end

local function delete(item, partition, sk, member)
  redis.call('DEL', item)
  redis.call('ZREM', partition, sk)
  redis.call('ZREM', EXPIRIES, member)
end

local function write_one(write)
  if write.kind == 'check' then return end
  if write.kind == 'delete' then return delete(write.item, write.partition, write.sk, write.member) end
  if write.kind == 'put' or not write.live then redis.call('DEL', write.item) end
  redis.call('HSET', write.item, 'v', string.format('%.0f', write.version + 1))
  redis.call('ZADD', write.partition, 0, write.sk)
  if write.kind == 'put' then redis.call('HSET', write.item, 'd', write.data) end
  for _, counter in ipairs(write.counters) do
    redis.call('HINCRBY', write.item, counter.field, counter.delta)
  end
  if not write.kept or write.kind == 'put' then expire(write, write.expires) end
end

-- Members name pk and sk; so the keys of the swept are made here, as upstash.py makes them.
local function sweep()
  local prefix = string.sub(EXPIRIES, 1, -2)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', EXPIRIES, '-inf', NOW, 'LIMIT', 0, SWEPT)) do
    local length, keys = string.match(member, '^(%d+):(.*)$')
    local pk, sk = string.sub(keys, 1, length), string.sub(keys, length + 1)
    delete(prefix .. 'i:' .. member, prefix .. 'p:' .. pk, sk, member)
  end
end

local writes = parse()
local done = KEEP ~= '' and redis.call('EXISTS', OPERATION) == 1
if not done then
  for index, write in ipairs(writes) do
    if not holds(write) then return { index - 1 } end
  end
  if KEEP ~= '' then redis.call('SET', OPERATION, '1', 'EX', KEEP) end
  for _, write in ipairs(writes) do write_one(write) end
end

local answer = { -1 }
for _, write in ipairs(writes) do
  if write.kind == 'add' then
    look(write)
    table.insert(answer, write.live and counters(write.item) or {})
  end
end
sweep()
return answer
