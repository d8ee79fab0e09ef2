-- Make older versions unreadable and their leases void.
--
-- KEYS  n value keys; n lease keys
-- ARGV  milliseconds of a tombstone; for each its version (16 digits)
--
-- Where there is neither value nor lease nothing is stored: whoever leases from now on reads the
-- database later than the change. A bulk import would else push out what is in use.
local n = #KEYS / 2
for i = 1, n do
  local value, lease, version = KEYS[i], KEYS[i + n], ARGV[i + 1]
  local known = redis.pcall('GET', value)
  if known or redis.call('EXISTS', lease) == 1 then
    known = type(known) == 'string' and tonumber(string.sub(known, 2, 17)) or 0
    if tonumber(version) > known then
      local set = redis.pcall('SET', value, 'T' .. version, 'PX', ARGV[1])
      if set.err then redis.call('DEL', value) end  -- no memory for it: as good
      redis.call('DEL', lease)
    end
  end
end
return n
