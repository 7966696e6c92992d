using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Platform.Edge.Limits;

namespace Platform.Edge.Authentication;

/// <summary>What the edge keeps of somebody who has signed in.</summary>
internal sealed record Session(AuthenticationTicket Ticket, DateTimeOffset End)
{
    /// <summary>The token for the API that is in use; replaced as a whole.</summary>
    public ApiToken? Token { get; set; }
}

/// <summary>
/// The sessions, in the memory of this process: ended here, a session is over for whoever has a copy of its cookie, and a restart signs
/// everybody out, which costs a sign-in and keeps no secret on any disk. A session's id is a random number of which only the hash is kept.
/// </summary>
internal sealed class Sessions(IOptions<SignInOptions> options, TimeProvider time) : IDisposable
{
    private const int IdBytes = 32;

    // To make room for a new session, a few old ones are ended at once.
    private const double MadeRoom = 0.01;

    private readonly SessionOptions _options = options.Value.Session;
    private readonly MemoryCache _sessions = new(new MemoryCacheOptions());

    /// <summary>Begins a session and returns its id.</summary>
    public string Start(AuthenticationTicket ticket)
    {
        if (_sessions.Count >= _options.Count)
        {
            _sessions.Compact(Math.Max(MadeRoom, 1.0 / _options.Count));
        }

        var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes));
        var end = time.GetUtcNow() + _options.Lifetime;
        _sessions.Set(
            KeyHash.Of(id),
            new Session(ticket, end),
            new MemoryCacheEntryOptions { SlidingExpiration = _options.Idle, AbsoluteExpiration = end });
        return id;
    }

    /// <summary>The session with this id, if there is one; it has been used now.</summary>
    public Session? Find(string id) => _sessions.Get<Session>(KeyHash.Of(id));

    /// <summary>How many there are.</summary>
    public int Count()
    {
        // What has ended is only taken out now and then; this takes out nothing else.
        _sessions.Compact(0);
        return _sessions.Count;
    }

    public void End(string id) => _sessions.Remove(KeyHash.Of(id));

    /// <summary>When a session that is used now ends unless it is used again.</summary>
    public DateTimeOffset EndOf(Session session)
    {
        var idle = time.GetUtcNow() + _options.Idle;
        return idle < session.End ? idle : session.End;
    }

    public void Dispose() => _sessions.Dispose();
}
