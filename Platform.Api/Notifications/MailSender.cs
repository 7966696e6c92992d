using System.Net;
using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Npgsql;
using Platform.Api.Database;

namespace Platform.Api.Notifications;

/// <summary>
/// Sends what is in the outbox: when the table's trigger notifies, and now and then all the same. A mail server that is away, slow or
/// broken delays mail and nothing else (R04). Any number of instances share the work.
/// </summary>
internal sealed partial class MailSender(
    NpgsqlDataSource database,
    Outbox outbox,
    OutboxMetrics metrics,
    MailOptions options,
    Migrator migrator,
    TimeProvider time,
    ILogger<MailSender> logger) : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DatabaseRetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    /// <summary>Of a server that is away; no message is to blame, and none waits longer than this once the server is back.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    private readonly List<OutboxMessage> _sent = [];
    private TimeSpan _pause = ShortestPause;

    private TimeSpan Timeout => TimeSpan.FromSeconds(options.TimeoutSeconds);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrator.Completion.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await using var listen = new NpgsqlCommand($"LISTEN {Outbox.Channel}", connection);
                await listen.ExecuteNonQueryAsync(stoppingToken);
                await NoteSentAsync(stoppingToken);
                while (true)
                {
                    await SendDueAsync(stoppingToken);
                    metrics.Observe(await outbox.ReadStateAsync(stoppingToken));
                    await connection.WaitAsync(LookInterval, stoppingToken);
                }
            }
            catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
            {
                metrics.Observe(null);
                LogDatabaseAway(away.Message);
                await Task.Delay(DatabaseRetryDelay, time, stoppingToken);
            }
        }
    }

    /// <summary>Sends all that is due over one connection; the server is asked first, so that messages are taken only when it answers.</summary>
    private async Task SendDueAsync(CancellationToken stoppingToken)
    {
        while (await outbox.IsAnyDueAsync(stoppingToken))
        {
            try
            {
                using var client = await ConnectAsync(stoppingToken);
                while (await outbox.ClaimAsync(stoppingToken) is { Count: > 0 } messages)
                {
                    await SendAsync(client, messages, stoppingToken);
                    _pause = ShortestPause;
                }
                using var deadline = Deadline(stoppingToken);
                await client.DisconnectAsync(quit: true, deadline.Token);
            }
            catch (Exception failure) when (IsOfServer(failure) && !stoppingToken.IsCancellationRequested)
            {
                metrics.Observe(await outbox.ReadStateAsync(stoppingToken));
                LogServerAway(Describe(failure), _pause);
                await Task.Delay(_pause * (0.75 + Random.Shared.NextDouble() / 4), time, stoppingToken);
                _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            }
        }
    }

    private async Task<SmtpClient> ConnectAsync(CancellationToken stoppingToken)
    {
        var client = new SmtpClient { Timeout = (int)Timeout.TotalMilliseconds };
        try
        {
            using var deadline = Deadline(stoppingToken);
            var server = options.Server();
            await client.ConnectAsync(server.Host, server.IsDefaultPort ? 0 : server.Port, options.Security(), deadline.Token);
            if (server.UserInfo.Split(':', 2) is [{ Length: > 0 } user, var password])
            {
                await client.AuthenticateAsync(
                    new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)), deadline.Token);
            }
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private async Task SendAsync(SmtpClient client, List<OutboxMessage> messages, CancellationToken stoppingToken)
    {
        try
        {
            using var mail = ContactMail.Create(messages, options, time.GetUtcNow());
            using var deadline = Deadline(stoppingToken);
            await client.SendAsync(mail, deadline.Token);
        }
        catch (Exception failure) when ((IsOfServer(failure) || IsOfMessage(failure)) && !stoppingToken.IsCancellationRequested)
        {
            var last = messages.Max(message => message.Attempts) >= options.MaxAttempts;
            LogNotSent(messages.Count, Describe(failure), last ? "given up" : "tried again");
            await outbox.FailedAsync(messages, Describe(failure), stoppingToken);
            metrics.Delivered(OutboxMetrics.Failed, messages.Count(message => message.Attempts >= options.MaxAttempts));
            metrics.Delivered(OutboxMetrics.Retried, messages.Count(message => message.Attempts < options.MaxAttempts));
            if (IsOfServer(failure) || !client.IsConnected)
            {
                throw;
            }
            return;
        }
        _sent.AddRange(messages);
        await NoteSentAsync(stoppingToken);
    }

    /// <summary>Where the database was away when a mail had been sent, it is told when it is back, so that the mail is not sent twice.</summary>
    private async Task NoteSentAsync(CancellationToken stoppingToken)
    {
        if (_sent.Count > 0)
        {
            await outbox.SentAsync(_sent, stoppingToken);
            metrics.Delivered(OutboxMetrics.Sent, _sent.Count);
            _sent.Clear();
        }
    }

    private CancellationTokenSource Deadline(CancellationToken stoppingToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        deadline.CancelAfter(Timeout);
        return deadline;
    }

    /// <summary>The connection is of no more use: the server is away, too slow, does not speak SMTP, or does not let this sender in.</summary>
    private static bool IsOfServer(Exception failure) => failure
        is IOException or SocketException or OperationCanceledException or ProtocolException or ServiceNotConnectedException
        or AuthenticationException or SslHandshakeException or NotSupportedException
        or SmtpCommandException { StatusCode: SmtpStatusCode.ServiceNotAvailable };

    /// <summary>The server does not want this message; it may want the next one.</summary>
    private static bool IsOfMessage(Exception failure) => failure is CommandException or ParseException or FormatException;

    /// <summary>What happened, without what was sent.</summary>
    private static string Describe(Exception failure) => failure switch
    {
        SmtpCommandException command => $"The mail server answered {(int)command.StatusCode} ({command.ErrorCode}).",
        OperationCanceledException or TimeoutException => "The mail server did not answer in time.",
        SocketException socket => $"The mail server cannot be reached ({socket.SocketErrorCode}).",
        AuthenticationException => "The mail server does not accept the user or the password.",
        SslHandshakeException => "The mail server's certificate is not trusted.",
        _ => $"The connection to the mail server failed ({failure.GetType().Name}).",
    };

    [LoggerMessage(LogLevel.Warning, "Mail waits, trying again in {Pause}: {Reason}", EventName = "MailServerAway")]
    private partial void LogServerAway(string reason, TimeSpan pause);

    [LoggerMessage(LogLevel.Warning, "A mail that tells of {Count} contacts was not sent and is {Consequence}: {Reason}", EventName = "MailNotSent")]
    private partial void LogNotSent(int count, string reason, string consequence);

    [LoggerMessage(LogLevel.Warning, "New mail cannot be noticed at the moment: {Reason}", EventName = "MailNotNoticed")]
    private partial void LogDatabaseAway(string reason);
}
