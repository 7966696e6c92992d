using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Platform.Tests.Observability;

public sealed class ConsoleLogTests
{
    [Fact]
    public void A_person_reads_one_line_a_message_with_the_scope()
    {
        var text = Format(["--environment", "Development"]);
        Assert.Matches(@"\A[0-9:.]{12} info: Platform\.Test\[0\] => CorrelationId:abc two lines\n\z", text);
    }

    [Fact]
    public void A_machine_reads_JSON_when_it_is_asked_for()
    {
        var line = JsonDocument.Parse(Format(["--Logging:Console:FormatterName", "json"])).RootElement;
        Assert.Equal("two\nlines", line.GetProperty("Message").GetString());
        Assert.Equal("Information", line.GetProperty("LogLevel").GetString());
        Assert.Equal("Platform.Test", line.GetProperty("Category").GetString());
        Assert.Equal("abc", line.GetProperty("Scopes")[0].GetProperty("CorrelationId").GetString());
        Assert.True(DateTimeOffset.TryParse(line.GetProperty("Timestamp").GetString(), out var time));
        Assert.Equal(TimeSpan.Zero, time.Offset);
    }

    [Theory]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Information, false)]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Critical, false)]
    [InlineData("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.Error, true)]
    [InlineData("System.Net.Http.HttpClient.api.LogicalHandler", LogLevel.Information, false)]
    [InlineData("Microsoft.Hosting.Lifetime", LogLevel.Information, true)]
    [InlineData("Platform.Api", LogLevel.Information, true)]
    [InlineData("Platform.Api", LogLevel.Debug, false)]
    public void What_every_request_would_write_is_not_written(string category, LogLevel level, bool written)
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddServiceDefaults();
        using var services = builder.Services.BuildServiceProvider();
        Assert.Equal(written, services.GetRequiredService<ILoggerFactory>().CreateLogger(category).IsEnabled(level));
    }

    [Fact]
    public void Configuration_of_the_service_wins()
    {
        var builder = WebApplication.CreateBuilder(
            ["--Logging:LogLevel:Microsoft.AspNetCore", "Debug", "--Logging:Console:FormatterOptions:SingleLine", "false"]);
        builder.AddServiceDefaults();
        using var services = builder.Services.BuildServiceProvider();
        Assert.True(services.GetRequiredService<ILoggerFactory>().CreateLogger("Microsoft.AspNetCore.Routing").IsEnabled(LogLevel.Debug));
        Assert.False(services.GetRequiredService<IOptionsMonitor<SimpleConsoleFormatterOptions>>().CurrentValue.SingleLine);
    }

    private static string Format(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        using var services = builder.Services.BuildServiceProvider();
        var name = services.GetRequiredService<IOptionsMonitor<ConsoleLoggerOptions>>().CurrentValue.FormatterName;
        var formatter = services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == name);
        var scopes = new LoggerExternalScopeProvider();
        using var scope = LoggerMessage.DefineScope<string>("CorrelationId:{CorrelationId}")(new ScopeTo(scopes), "abc");
        using var output = new StringWriter();
        formatter.Write(
            new LogEntry<string>(LogLevel.Information, "Platform.Test", 0, "two\nlines", null, (message, _) => message), scopes, output);
        return output.ToString();
    }

    private sealed class ScopeTo(IExternalScopeProvider scopes) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => false;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
