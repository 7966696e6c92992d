// Stands in for the package Aspire.Npgsql 13.5.4.
using Npgsql;

namespace Microsoft.Extensions.Hosting;

/// <summary>Adds an <see cref="NpgsqlDataSource"/> by the name of a connection string.</summary>
public static class AspirePostgreSqlNpgsqlExtensions
{
}
