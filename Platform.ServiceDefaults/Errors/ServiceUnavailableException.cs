namespace Platform.ServiceDefaults.Errors;

/// <summary>
/// A dependency that the request needs is away. Answered with 503, <c>Retry-After</c> and a problem document that names the dependency, and
/// logged as one line. Translate a driver's connection failures and timeouts into it where the dependency is called.
/// </summary>
/// <param name="dependency">What is away, in words for the client and the log, such as "database"; never a host name or a driver's
/// text.</param>
/// <param name="retryAfter">When to try again; told to the client in whole seconds, at least 1.</param>
/// <param name="innerException">What the driver said. It is not told to the client; only its type is logged.</param>
public sealed class ServiceUnavailableException(string dependency, TimeSpan retryAfter, Exception? innerException = null)
    : Exception($"The {dependency} is not available.", innerException)
{
    /// <summary>What is away.</summary>
    public string Dependency { get; } = dependency;

    /// <summary>When to try again.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
