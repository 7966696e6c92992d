namespace Platform.Api.Database;

/// <summary>The database, or the queue before it, cannot take this request now. It is answered with 503 and <c>Retry-After</c>.</summary>
internal sealed class DatabaseUnavailableException(string message) : Exception(message);
