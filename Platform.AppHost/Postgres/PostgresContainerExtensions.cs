namespace Platform.AppHost.Postgres;

/// <summary>PostgreSQL in a container: the official image.</summary>
internal static class PostgresContainerExtensions
{
    /// <remarks>docker.io/library/postgres</remarks>
    private const string Tag = "18.3";

    /// <summary>The image's tag, the volume, and how it is published.</summary>
    /// <param name="server">The server.</param>
    /// <param name="database">
    /// The database that the image makes when the volume is empty: Aspire creates databases only where it runs itself.
    /// </param>
    public static IResourceBuilder<PostgresServerResource> WithPlatformDefaults(this IResourceBuilder<PostgresServerResource> server, string database) =>
        server
            .WithImageTag(Tag)
            .WithDataVolume("platform-postgres")
            .WithEnvironment("POSTGRES_DB", database)
            .WithArgs("-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "effective_cache_size=1GB", "-c", "work_mem=16MB")
            .PublishAs(new()
            {
                // Over TCP: while it initialises the volume, the image runs a server that listens on its socket alone.
                Healthcheck = ["CMD", "pg_isready", "--host=127.0.0.1", "--username=postgres", $"--dbname={database}"],
                StartPeriod = TimeSpan.FromMinutes(1),
                Memory = "2G",
                Cpus = "2.0",
                // Queries that run in parallel share their hash tables there.
                SharedMemory = "256M",
                // It starts as root, gives the volume to the account postgres and becomes that.
                Capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
                Tmpfs = ["/tmp", "/var/run/postgresql"],
                StopGracePeriod = TimeSpan.FromMinutes(1),
            });
}
