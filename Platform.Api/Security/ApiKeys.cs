using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Claims;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Database;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Security;

/// <summary>
/// The keys in memory, so that no key, right or wrong, costs a round trip. They are reloaded when the table's trigger notifies, whenever
/// the listening connection had been lost, and now and then all the same.
/// </summary>
internal sealed partial class ApiKeys : BackgroundService
{
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>How exact last_used_at is.</summary>
    private static readonly TimeSpan UsePrecision = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UseFlushInterval = TimeSpan.FromSeconds(2);

    private readonly NpgsqlDataSource _database;
    private readonly ApiKeyStore _store;
    private readonly Migrator _migrator;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeys> _logger;
    private readonly ApiKey? _bootstrap;
    private readonly string? _edgeKey;
    private readonly ConcurrentDictionary<Guid, DateTime> _lastUsed = new();
    private readonly ConcurrentDictionary<Guid, DateTime> _unsavedUses = new();
    private FrozenDictionary<UInt128, ApiKey>? _keys;

    public ApiKeys(
        NpgsqlDataSource database,
        ApiKeyStore store,
        Migrator migrator,
        IOptions<SecurityOptions> options,
        TimeProvider time,
        ILogger<ApiKeys> logger)
    {
        _database = database;
        _store = store;
        _migrator = migrator;
        _time = time;
        _logger = logger;
        _edgeKey = options.Value.EdgeKey;
        if (ApiKey.HashOf(options.Value.BootstrapKey?.Trim()) is { } hash)
        {
            _bootstrap = ApiKey.Create(id: null, ApiKey.BootstrapName, hash, Scopes.All);
        }
    }

    /// <summary>The key that the client holds; null when there is no such key, or it was revoked.</summary>
    /// <exception cref="ServiceUnavailableException">The keys could not be read yet, so nothing can be said about this one.</exception>
    public ApiKey? Find(string? presented)
    {
        if (ApiKey.HashOf(presented) is not { } hash)
        {
            return null;
        }
        if (_bootstrap is not null && _bootstrap.Matches(hash))
        {
            return _bootstrap;
        }
        if (_keys is not { } keys)
        {
            throw new ServiceUnavailableException("database", RetryDelay);
        }
        if (!keys.TryGetValue(IndexOf(hash), out var key) || !key.Matches(hash))
        {
            return null;
        }
        NoteUse(key.Id!.Value);
        return key;
    }

    /// <summary>
    /// What seals an answer for who asked: their key. Who has signed in at the edge holds none that is the same tomorrow; the edge's stands
    /// for it, and their name.
    /// </summary>
    public string SealingSecretOf(HttpContext context) => context.Request.Headers[ApiKey.HeaderName] is [{ Length: > 0 } key]
        ? key
        : $"{_edgeKey} {context.User.FindFirstValue(ClaimTypes.NameIdentifier)}";

    /// <summary>Reads the keys now, so that a change holds here as soon as it is acknowledged; other instances are notified.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync(cancellationToken);
        }
        catch (NpgsqlException away)
        {
            // The change is made; the notification, or the next reload, brings it.
            LogNotListening(away.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _migrator.Completion.WaitAsync(stoppingToken);
        await Task.WhenAll(KeepLoadedAsync(stoppingToken), SaveUsesAsync(stoppingToken));
    }

    /// <summary>What the dictionary is searched by; a match of these 128 bits is then compared in full.</summary>
    private static UInt128 IndexOf(byte[] hash) => BinaryPrimitives.ReadUInt128LittleEndian(hash);

    private async Task KeepLoadedAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var connection = await _database.OpenConnectionAsync(stoppingToken);
                await using var listen = new NpgsqlCommand($"LISTEN {ApiKeyStore.Channel}", connection);
                await listen.ExecuteNonQueryAsync(stoppingToken);
                while (true)
                {
                    await LoadAsync(stoppingToken);
                    await connection.WaitAsync(ReloadInterval, stoppingToken);
                }
            }
            catch (NpgsqlException away)
            {
                // The keys as last read still hold: whoever could revoke one cannot reach the database either.
                LogNotListening(away.Message);
                await Task.Delay(RetryDelay, _time, stoppingToken);
            }
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var keys = await _store.ReadAsync(cancellationToken);
        _keys = keys.ToFrozenDictionary(key => IndexOf(key.Hash));
    }

    private void NoteUse(Guid id)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        if (!_lastUsed.TryGetValue(id, out var last) || now - last >= UsePrecision)
        {
            _lastUsed[id] = now;
            _unsavedUses[id] = now;
        }
    }

    private async Task SaveUsesAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(UseFlushInterval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var uses = _unsavedUses.ToArray();
            if (uses.Length == 0)
            {
                continue;
            }
            try
            {
                await _store.SaveUsesAsync(uses, stoppingToken);
                foreach (var use in uses)
                {
                    _unsavedUses.TryRemove(use);
                }
            }
            catch (NpgsqlException away)
            {
                LogUsesNotSaved(away.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Changes of API keys cannot be noticed at the moment: {Reason}", EventName = "ApiKeyChangesNotNoticed")]
    private partial void LogNotListening(string reason);

    [LoggerMessage(LogLevel.Warning, "The last uses of API keys could not be saved, trying again: {Reason}", EventName = "ApiKeyUsesNotSaved")]
    private partial void LogUsesNotSaved(string reason);
}
