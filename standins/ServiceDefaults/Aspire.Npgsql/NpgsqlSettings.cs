// Stands in for the package Aspire.Npgsql 13.5.4.
namespace Aspire.Npgsql;

/// <summary>
/// The settings of a data source, read from <c>Aspire:Npgsql</c>, then <c>Aspire:Npgsql:{name}</c>, then <c>ConnectionStrings:{name}</c>.
/// </summary>
public class NpgsqlSettings
{
    /// <summary>How to connect to the database.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether to leave out the health check.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Whether to leave out Npgsql's spans.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>Whether to leave out Npgsql's metrics.</summary>
    public bool DisableMetrics { get; set; }
}
