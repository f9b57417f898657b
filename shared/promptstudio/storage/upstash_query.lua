-- KEYS  the partition
-- ARGV  prefix, after ('' for the start), how many, 'reverse' or '', what the items' keys begin with, now
-- Gives {the last key looked at ('' at the end), then sk and fields of each live item in turn}.
--
-- Items that have expired are looked at and left out, so that there may be fewer than there is room for. It
-- also stops at a megabyte.

local PARTITION, PREFIX, AFTER, LIMIT = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local REVERSE, ITEM, NOW = ARGV[4] == 'reverse', ARGV[5], tonumber(ARGV[6])
local BYTES = 1048576

-- No byte of UTF-8 is as high as 255: that is behind every key with the prefix.
local low = PREFIX == '' and '-' or '[' .. PREFIX
local high = PREFIX == '' and '+' or '(' .. PREFIX .. '\255'
if AFTER ~= '' then
  if REVERSE then high = '(' .. AFTER else low = '(' .. AFTER end
end
local keys
if REVERSE then
  keys = redis.call('ZREVRANGEBYLEX', PARTITION, high, low, 'LIMIT', 0, LIMIT)
else
  keys = redis.call('ZRANGEBYLEX', PARTITION, low, high, 'LIMIT', 0, LIMIT)
end

local function size_and_expiry(fields)
  local size, expiry = 0, nil
  for at = 1, #fields, 2 do
    size = size + #fields[at] + #fields[at + 1]
    if fields[at] == 'e' then expiry = tonumber(fields[at + 1]) end
  end
  return size, expiry
end

local answer, bytes = { #keys == LIMIT and keys[#keys] or '' }, 0
for index, sk in ipairs(keys) do
  local fields = redis.call('HGETALL', ITEM .. sk)
  local size, expiry = size_and_expiry(fields)
  if #fields > 0 and not (expiry and expiry <= NOW) then
    table.insert(answer, sk)
    table.insert(answer, fields)
    bytes = bytes + size
  end
  if bytes > BYTES and index < #keys then
    answer[1] = sk
    return answer
  end
end
return answer
