using Platform.Edge.Authentication;
using Platform.Edge.Limits;
using Platform.Edge.Logging;
using Platform.Edge.Routing;
using Platform.Edge.Security;
using Platform.Edge.Site;

if (await HealthSwitch.TryRunAsync(args))
{
    return;
}

// The settings and the site lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddServiceDefaults();
builder.AddKnownProxies();
builder.AddAccessLog();
builder.AddCrossOrigin();
builder.AddLimits();
builder.AddSignIn();
builder.AddSite();
builder.AddProxy();

var app = builder.Build();
app.UseKnownProxies();
app.UseServiceDefaults();
app.UseAccessLog();
app.UseSecurityHeaders();
app.UseCrossOrigin();
app.UseLimits();
app.UseCompression();
app.UseSignIn();
app.UseSite();
app.MapProxy();
app.MapDefaultEndpoints();
await app.RunAsync();
