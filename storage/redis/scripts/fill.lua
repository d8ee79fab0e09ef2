-- Store values under their leases, unless a newer version is known.
--
-- KEYS  n value keys; n lease keys
-- ARGV  for each: token, milliseconds to live, value
local n = #KEYS / 2
for i = 1, n do
  local value, lease, at = KEYS[i], KEYS[i + n], (i - 1) * 3
  if redis.pcall('GET', lease) == ARGV[at + 1] then
    local known = redis.pcall('GET', value)
    known = type(known) == 'string' and tonumber(string.sub(known, 2, 17)) or 0
    if tonumber(string.sub(ARGV[at + 3], 2, 17)) >= known then
      redis.call('SET', value, ARGV[at + 3], 'PX', ARGV[at + 2])
    end
    redis.call('DEL', lease)
  end
end
return n
