-- Give records, or leases to fill what is missing.
--
-- KEYS  the clock; n value keys; n lease keys
-- ARGV  oldest grant to trust; random text; milliseconds of a lease
-- Reply the grant of this call ('' if none was needed), then for each key its value, 'L<token>' or
--       false: another fills it. A token is empty where the server cannot write.
--
-- A grant is the time of the lease in microseconds, made to rise by one at least: a value tells by
-- it whether it was read from the database before or after a moment, whatever the clock did.
local clock, n = KEYS[1], (#KEYS - 1) / 2
local trusted, seed, lease = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local grant
local function granted()
  if not grant then
    local now = redis.call('TIME')
    local last = tonumber(redis.pcall('GET', clock) or 0) or 0
    grant = string.format('%.0f', math.max(now[1] * 1000000 + now[2], last + 1))
    redis.pcall('SET', clock, grant)
  end
  return grant
end
local reply = {''}
for i = 1, n do
  local value = redis.pcall('GET', KEYS[i + 1])
  if type(value) == 'string' and string.sub(value, 1, 1) == 'V'
      and (tonumber(string.sub(value, 18, 33)) or 0) >= trusted then
    reply[i + 1] = value
  else
    local token = granted() .. '-' .. seed
    local set = redis.pcall('SET', KEYS[i + n + 1], token, 'NX', 'PX', lease)
    if type(set) ~= 'table' then
      reply[i + 1] = false
    elseif set.err then
      reply[i + 1] = 'L'
    else
      reply[i + 1] = 'L' .. token
    end
  end
end
reply[1] = grant or ''
return reply
