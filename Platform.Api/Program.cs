using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Requests;
using Platform.Api.Visitors;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRequestLimits();
builder.AddDatabase();
builder.AddContacts();
builder.AddVisitors();

var app = builder.Build();
app.UseServiceDefaults();
app.UseExceptionHandler();
app.MapContacts();
app.MapVisitors();
app.MapDefaultEndpoints();
app.Run();
