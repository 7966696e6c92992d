-- GET /documents/search?..., a line of the file SEARCH_QUERIES after the other, from a place of its own in each thread.
dofile((os.getenv("BENCH") or "bench") .. "/report.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("id", threads)
end

local queries, n = {}, 0
function init()
  for line in io.lines(os.getenv("SEARCH_QUERIES")) do queries[#queries + 1] = line end
  n = id * 9973
end

request = function()
  n = n % #queries + 1
  return wrk.format("GET", "/documents/search?" .. queries[n])
end

done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %.0f %.2f %.2f %.2f %d\n",
    summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
