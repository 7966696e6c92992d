using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Authentication;

/// <summary>How an attempt to sign in ended.</summary>
internal enum Attempt
{
    /// <summary>The name and the password were right.</summary>
    Succeeded,

    /// <summary>The name or the password was wrong.</summary>
    Failed,

    /// <summary>The name or the password was wrong, and the address has to wait from now on.</summary>
    LockedNow,

    /// <summary>The address, or everybody, has to wait; nothing was looked at.</summary>
    Locked,

    /// <summary>Too many passwords are being looked at.</summary>
    Busy,
}

/// <summary>
/// The built-in administrator. Only the hash of the password is kept. To look at a password takes a core for a tenth of a second, so one is
/// looked at at a time and a few wait, whatever comes in: the other cores, and the rest of the edge, go on.
/// </summary>
internal sealed class AdministratorAccount : IDisposable
{
    private const int LongestPassword = 1024;
    private const int Waiting = 8;

    private static readonly TimeSpan BusyWait = TimeSpan.FromSeconds(2);

    private readonly PasswordHasher<AdministratorAccount> _hasher = new();
    private readonly ConcurrencyLimiter _oneAtATime = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = 1,
        QueueLimit = Waiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly Lockout _lockout;
    private readonly string _userName;
    private readonly Task<string> _hash;

    public AdministratorAccount(IOptions<SignInOptions> options, Lockout lockout)
    {
        _lockout = lockout;
        _userName = options.Value.Administrator.UserName;
        IsConfigured = options.Value.Administrator.IsConfigured;
        // Nobody waits for it: the start goes on meanwhile.
        var password = options.Value.Administrator.Password ?? "";
        _hash = Task.Run(() => _hasher.HashPassword(this, password));
    }

    /// <summary>Whether there is such an account.</summary>
    public bool IsConfigured { get; }

    /// <summary>The name as it may be logged: what a stranger typed may be a password.</summary>
    public string Known(string userName) => IsName(userName) ? _userName : "unknown";

    /// <summary>Looks at a name and a password.</summary>
    /// <returns>How it ended, and how long to wait before the next attempt.</returns>
    public async Task<(Attempt Attempt, TimeSpan Wait)> TryAsync(
        string userName, string password, ulong address, CancellationToken cancellationToken)
    {
        if (_lockout.WaitOf(address) is var locked && locked > TimeSpan.Zero)
        {
            return (Attempt.Locked, locked);
        }

        using var lease = await _oneAtATime.AcquireAsync(1, cancellationToken);
        if (!lease.IsAcquired)
        {
            return (Attempt.Busy, BusyWait);
        }

        if (!_lockout.TryBegin(address, out var wait))
        {
            return (Attempt.Locked, wait);
        }

        // A wrong name takes as long as a wrong password.
        var hash = await _hash;
        var isRight = password.Length <= LongestPassword
            && await Task.Run(() => _hasher.VerifyHashedPassword(this, hash, password), cancellationToken) != PasswordVerificationResult.Failed;
        if (!isRight | !IsName(userName))
        {
            return (wait > TimeSpan.Zero ? Attempt.LockedNow : Attempt.Failed, wait);
        }

        _lockout.Forget(address);
        return (Attempt.Succeeded, TimeSpan.Zero);
    }

    /// <summary>The administrator, for a session.</summary>
    public ClaimsPrincipal Principal() => Identity.Create(_userName, _userName, email: null, Identity.Administrator);

    public void Dispose() => _oneAtATime.Dispose();

    private bool IsName(string userName) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(userName), Encoding.UTF8.GetBytes(_userName));
}
