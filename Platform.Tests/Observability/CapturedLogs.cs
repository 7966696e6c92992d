using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Observability;

/// <summary>Keeps what a service logs, with the scopes that each line was written in.</summary>
[ProviderAlias("Captured")]
internal sealed class CapturedLogs : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public ConcurrentQueue<Line> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    internal sealed record Line(
        LogLevel Level, string Category, string Message, Exception? Exception, IReadOnlyDictionary<string, object?> Scope);

    private sealed class Logger(CapturedLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => logs._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var scope = new Dictionary<string, object?>();
            logs._scopes.ForEachScope(
                static (value, all) =>
                {
                    foreach (var (key, item) in value as IEnumerable<KeyValuePair<string, object?>> ?? [])
                    {
                        all[key] = item;
                    }
                },
                scope);
            logs.Lines.Enqueue(new(logLevel, category, formatter(state, exception), exception, scope));
        }
    }
}
