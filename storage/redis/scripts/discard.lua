-- Delete values that are still just these: they do not carry our seal.
--
-- KEYS  n value keys
-- ARGV  n values
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i] then redis.call('DEL', KEYS[i]) end
end
return #KEYS
