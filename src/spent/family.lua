-- One step of a family, whole or not at all. KEYS: its record, and the list of revoked families.
-- A record: g the highest generation presented, n which token of it came first, s since when, r revoked,
-- o who opened it. Nonces stay text: a number has 53 bits here.
local record, list = KEYS[1], KEYS[2]
local step, sid, now, ttl, listed = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]

local function remember(...)
  redis.call('HSET', record, ...)
  redis.call('EXPIRE', record, ttl)
end

-- Gateways read the list; a family stays on it for as long as an access token could live.
local function revoke()
  remember('r', 1)
  redis.call('ZREMRANGEBYSCORE', list, '-inf', '(' .. now)
  redis.call('ZADD', list, now + listed, sid)
  redis.call('EXPIRE', list, listed)
end

local function open(attempt, deadline)
  -- Whoever asked has given up by then and told its client so: the code must not be spent behind its back.
  local time = redis.call('TIME')
  if time[1] * 1000 + time[2] / 1000 > tonumber(deadline) then
    return 'late'
  end
  if redis.call('EXISTS', record) == 0 then
    remember('g', 0, 'n', 0, 's', now, 'o', attempt)
    return 'good'
  end
  -- The same attempt once more, whose answer was lost on its way.
  local g, r, o = unpack(redis.call('HMGET', record, 'g', 'r', 'o'))
  if g == '0' and not r and o == attempt then
    return 'good'
  end
  revoke()
  return 'code'
end

local function present(generation, nonce, grace)
  local g, n, s, r = unpack(redis.call('HMGET', record, 'g', 'n', 's', 'r'))
  if r then
    return 'revoked'
  end
  if not g then
    return 'unknown'
  end
  generation, g = tonumber(generation), tonumber(g)
  if generation > g then
    redis.call('HSET', record, 'g', generation, 'n', nonce, 's', now)
    return 'good'
  end
  if generation == g and nonce == n then
    return 'good'
  end
  -- Times are whole seconds, and none at all is less than the rest of one.
  if grace == '0' or now - s > tonumber(grace) then
    revoke()
    return 'stolen'
  end
  return generation == g and 'good' or 'superseded'
end

if step == 'open' then
  return open(ARGV[6], ARGV[7])
elseif step == 'present' then
  return present(ARGV[6], ARGV[7], ARGV[8])
end
revoke()
return 'good'
