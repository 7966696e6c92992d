namespace Platform.AppHost.Postgres;

/// <summary>A data folder cannot be created or used; the message is one line that says why and what to do.</summary>
internal sealed class PostgresClusterException(string message) : Exception(message);
