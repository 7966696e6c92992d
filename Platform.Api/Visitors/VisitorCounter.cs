using System.Diagnostics.Metrics;
using Npgsql;
using Platform.Api.Database;

namespace Platform.Api.Visitors;

/// <summary>The one row of website_visitors: exact, because only the database counts.</summary>
internal sealed class VisitorCounter : BackgroundService
{
    /// <summary>The end of a statement whose CTE <c>added</c> has one row a visitor: counts them and returns the counter.</summary>
    public const string IncrementByAdded = """

        INSERT INTO website_visitors AS counter (id, count)
        SELECT 'visitor_count', count(*) FROM added
        ON CONFLICT (id) DO UPDATE SET count = counter.count + excluded.count, last_updated = now()
        RETURNING counter.count
        """;

    /// <summary>Between two readings for the gauge where no request causes one.</summary>
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(10);

    private const long Unknown = -1;

    private readonly NpgsqlDataSource _database;
    private readonly Migrator _migrator;
    private readonly TimeProvider _time;
    private readonly SharedRead<long> _read;
    private readonly Meter _meter;
    private long _lastSeen = Unknown;

    public VisitorCounter(NpgsqlDataSource database, Migrator migrator, TimeProvider time, IMeterFactory meters)
    {
        _database = database;
        _migrator = migrator;
        _time = time;
        _read = new(SelectAsync, TimeSpan.FromMilliseconds(750));
        _meter = meters.Create(Telemetry.MeterName);
        _meter.CreateObservableGauge("website_visitor_count", MeasureLastSeen, description: "The visitor counter.");
    }

    /// <summary>The counter, read after this call.</summary>
    /// <exception cref="TimeoutException">The database did not answer in time, which is below 2 s.</exception>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public Task<long> ReadAsync() => _read.ReadAsync();

    /// <summary>Tells the gauge of a value that a commit has returned.</summary>
    public void Observe(long count) => Interlocked.Exchange(ref _lastSeen, count);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _migrator.Completion.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(RefreshInterval, _time);
        do
        {
            try
            {
                await ReadAsync();
            }
            catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
            {
                // No number is better than an old one; requests report the outage itself.
                Observe(Unknown);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<long> SelectAsync(CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(
            "SELECT coalesce((SELECT count FROM website_visitors WHERE id = 'visitor_count'), 0)");
        var count = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        Observe(count);
        return count;
    }

    private IEnumerable<Measurement<long>> MeasureLastSeen() =>
        Interlocked.Read(ref _lastSeen) is var count and not Unknown ? [new(count)] : [];

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }
}
