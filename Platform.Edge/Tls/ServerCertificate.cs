using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Tls;

/// <summary>
/// The certificate as it is on disk: read at start, and again when the content of its files has changed, whichever way they were replaced.
/// A pair that does not work is reported once and the one before stays in use. Connections that are open keep theirs.
/// </summary>
internal sealed partial class ServerCertificate : BackgroundService
{
    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ServerCertificate> _logger;
    private (string Certificate, string Key) _files;
    private volatile SslStreamCertificateContext _current;

    /// <summary>Reads the files.</summary>
    /// <exception cref="InvalidCertificateException">They are not there, or are not a certificate and its key.</exception>
    public ServerCertificate(IOptions<TlsOptions> options, TimeProvider time, IMeterFactory meters, ILogger<ServerCertificate> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        try
        {
            _files = Read();
            _current = Load(_files);
        }
        catch (Exception exception) when (IsExpected(exception))
        {
            throw new InvalidCertificateException(Reason(exception), exception);
        }

        meters.Create(Telemetry.MeterName).CreateObservableGauge(
            "edge_certificate_expiry_timestamp_seconds",
            () => new DateTimeOffset(_current.TargetCertificate.NotAfter).ToUnixTimeSeconds(),
            description: "When the certificate that is served ends, in seconds since 1970.");
        LogInUse(_logger, _current.TargetCertificate);
    }

    /// <summary>The certificate, with the chain that is sent to clients.</summary>
    public SslStreamCertificateContext Current => _current;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.ReloadInterval, _time);
        string? reported = null;
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                var files = Read();
                if (files == _files)
                {
                    reported = null;
                    continue;
                }

                // Remembered before it is tried: a pair that does not work is not tried again until it is another.
                _files = files;
                _current = Load(files);
                reported = null;
                LogInUse(_logger, _current.TargetCertificate);
            }
            catch (Exception exception) when (IsExpected(exception))
            {
                var reason = Reason(exception);
                if (reason != reported)
                {
                    LogNotLoaded(_logger, reason);
                }

                reported = reason;
            }
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private (string Certificate, string Key) Read() => (File.ReadAllText(_options.CertificatePath!), File.ReadAllText(_options.KeyPath!));

    private static SslStreamCertificateContext Load((string Certificate, string Key) files)
    {
        var leaf = X509Certificate2.CreateFromPem(files.Certificate, files.Key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(files.Certificate);
        chain.RemoveAt(0);
        // Offline: nothing is asked of the certificate's authority while clients wait.
        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }

    private string Reason(Exception exception) =>
        $"the certificate {_options.CertificatePath} and the key {_options.KeyPath} cannot be used: {exception.Message}";

    private static bool IsExpected(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    private void LogInUse(ILogger logger, X509Certificate2 certificate)
    {
        if (certificate.NotAfter < _time.GetLocalNow().LocalDateTime)
        {
            LogExpired(logger, certificate.Subject, certificate.NotAfter);
        }
        else
        {
            LogLoaded(logger, certificate.Subject, certificate.NotAfter);
        }
    }

    [LoggerMessage(LogLevel.Information, "Serving https with the certificate of {Subject}, which ends {NotAfter:u}", EventName = "CertificateLoaded")]
    private static partial void LogLoaded(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(
        LogLevel.Warning, "Serving https with the certificate of {Subject}, which has ended {NotAfter:u}: clients will refuse it",
        EventName = "CertificateExpired")]
    private static partial void LogExpired(ILogger logger, string subject, DateTime notAfter);

    [LoggerMessage(LogLevel.Error, "The certificate stays as it was: {Reason}", EventName = "CertificateNotLoaded")]
    private static partial void LogNotLoaded(ILogger logger, string reason);
}

/// <summary>Files that are not a certificate and its key.</summary>
internal sealed class InvalidCertificateException(string message, Exception reason) : Exception(message, reason);
