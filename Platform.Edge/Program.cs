using Platform.Edge.Authentication;
using Platform.Edge.Limits;
using Platform.Edge.Logging;
using Platform.Edge.Routing;
using Platform.Edge.Security;
using Platform.Edge.Site;
using Platform.Edge.Status;
using Platform.Edge.Tls;

if (await HealthSwitch.TryRunAsync(args))
{
    return;
}

// The settings and the site lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddServiceDefaults();
builder.AddTls();
builder.AddKnownProxies();
builder.AddAccessLog();
builder.AddCrossOrigin();
builder.AddLimits();
builder.AddSignIn();
builder.AddSite();
builder.AddStatus();
builder.AddProxy();

await using var app = builder.Build();
if (!app.VerifyTls())
{
    Environment.ExitCode = 1;
    return;
}

app.UseKnownProxies();
app.UseServiceDefaults();
app.UseAccessLog();
app.UseSecurityHeaders();
app.UseTls();
app.UseCrossOrigin();
app.UseLimits();
app.UseCompression();
app.UseSignIn();
app.UseSite();
app.MapWellKnownFiles();
app.MapStatus();
app.MapProxy();
app.MapDefaultEndpoints();
await app.RunAsync();
