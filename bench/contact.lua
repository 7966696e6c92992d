-- POST /contact, each submission with a name, an address and a message of its own.
dofile((os.getenv("BENCH") or "bench") .. "/report.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("id", threads)
end

local n = 0
request = function()
  n = n + 1
  local body = string.format(
    '{"name":"Person %d-%d","email":"person%d.%d@example.org","company":"Example Ltd","service":"consulting","message":"Hello, this is message number %d. Please call me back about the offer."}',
    id, n, id, n, n)
  return wrk.format("POST", nil, nil, body)
end
