using System.Diagnostics.Metrics;

namespace Platform.Edge.Authentication;

/// <summary>
/// The counters <c>edge_sign_ins_total{outcome}</c>, <c>edge_access_refused_total{reason}</c> and <c>edge_audit_dropped_total</c>, and the gauge
/// <c>edge_sessions</c>.
/// </summary>
internal sealed class AccessMetrics
{
    private readonly Counter<long> _signIns;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _auditDropped;

    public AccessMetrics(Sessions sessions, IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.MeterName);
        _signIns = meter.CreateCounter<long>(
            "edge_sign_ins_total", description: "Sign-ins, those that failed, and addresses that have to wait because of them.");
        _refused = meter.CreateCounter<long>("edge_access_refused_total", description: "Requests of people and keys that may not make them.");
        _auditDropped = meter.CreateCounter<long>(
            "edge_audit_dropped_total", description: "Audit entries that are in the edge's log and not in the audit log.");
        meter.CreateObservableGauge("edge_sessions", sessions.Count, description: "Sessions of people who have signed in.");
        foreach (var outcome in Enum.GetValues<SignInOutcome>())
        {
            _signIns.Add(0, Tag(outcome));
        }

        foreach (var reason in Enum.GetValues<Refusal>())
        {
            _refused.Add(0, Tag(reason));
        }

        _auditDropped.Add(0);
    }

    public void SignIn(SignInOutcome outcome) => _signIns.Add(1, Tag(outcome));

    public void Refused(Refusal reason) => _refused.Add(1, Tag(reason));

    public void AuditDropped() => _auditDropped.Add(1);

    private static KeyValuePair<string, object?> Tag(SignInOutcome outcome) => new("outcome", outcome switch
    {
        SignInOutcome.Success => "success",
        SignInOutcome.LockedOut => "locked_out",
        _ => "failure",
    });

    private static KeyValuePair<string, object?> Tag(Refusal reason) => new("reason", reason switch
    {
        Refusal.Role => "role",
        Refusal.WrongKey => "wrong_key",
        _ => "signed_out",
    });
}

/// <summary>What came of a sign-in.</summary>
internal enum SignInOutcome
{
    /// <summary>There is a session.</summary>
    Success,

    /// <summary>The name or the password was wrong, or the person has no role here.</summary>
    Failure,

    /// <summary>Beside <see cref="Failure"/>: the address has to wait from now on.</summary>
    LockedOut,
}

/// <summary>Why somebody may not make a request.</summary>
internal enum Refusal
{
    /// <summary>A stranger at what is for people who have signed in.</summary>
    SignedOut,

    /// <summary>Somebody without the role at what is for administrators.</summary>
    Role,

    /// <summary>An API key that is none.</summary>
    WrongKey,
}
