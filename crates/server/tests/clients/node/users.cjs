// Stories of the users of a server that asks who asks. The client brings these calls as they were made from
// the protocol, without functions of its own around them.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { randomUUID } = require("node:crypto");
const path = require("node:path");

module.exports = ({ folder, name, isNew, story, authority, asking, keeper, password }) => {
  const home = path.join(path.resolve(folder), "node_modules", name);
  const own = isNew ? "generated/kurrentdb/protocols/v1/usermanagement" : "generated/users";
  const calls = require(path.join(home, `${own}_grpc_pb.js`));
  const messages = require(path.join(home, `${own}_pb.js`));
  const grpc = createRequire(path.join(home, "package.json"))("@grpc/grpc-js");
  const PASSWORD = "a password of the stories";
  const OTHER = "another good password";

  // A message with these options: `setLoginName` and so on.
  const message = (Type, options) => {
    const inner = new Type.Options();
    for (const [field, value] of Object.entries(options)) inner[`set${field}`](value);
    const made = new Type();
    made.setOptions(inner);
    return made;
  };

  // The calls of whoever has this name and password.
  const by = (login, secret) => {
    const client = new calls.UsersClient(asking, grpc.credentials.createSsl(readFileSync(authority)));
    const metadata = new grpc.Metadata();
    const basic = Buffer.from(`${login}:${secret}`).toString("base64");
    metadata.set("authorization", `Basic ${basic}`);
    const call = (method, Type, options) =>
      new Promise((done, refused) =>
        client[method](message(Type, options), metadata, (error) => (error ? refused(error) : done())),
      );
    return {
      create: (LoginName, options) =>
        call("create", messages.CreateReq, { LoginName, Password: PASSWORD, ...options }),
      update: (LoginName, options) => call("update", messages.UpdateReq, { LoginName, ...options }),
      delete: (LoginName) => call("delete", messages.DeleteReq, { LoginName }),
      disable: (LoginName) => call("disable", messages.DisableReq, { LoginName }),
      enable: (LoginName) => call("enable", messages.EnableReq, { LoginName }),
      change: (LoginName, CurrentPassword, NewPassword) =>
        call("changePassword", messages.ChangePasswordReq, { LoginName, CurrentPassword, NewPassword }),
      reset: (LoginName, NewPassword) =>
        call("resetPassword", messages.ResetPasswordReq, { LoginName, NewPassword }),
      details: (LoginName) =>
        new Promise((done, refused) => {
          const users = [];
          client
            .details(message(messages.DetailsReq, { LoginName }), metadata)
            .on("data", (answer) => users.push(answer.getUserDetails()))
            .on("error", refused)
            .on("end", () => done(users));
        }),
    };
  };

  const root = by(keeper, password);
  const login = () => `u-${randomUUID()}`;
  const comesIn = (user, secret) =>
    by(user, secret).details(user).then(() => true, (error) => {
      assert.equal(error.code, grpc.status.UNAUTHENTICATED, error.message);
      return false;
    });
  // The code, and the trailer by which clients of this protocol know what it was.
  const refused = (promise, code, exception) =>
    assert.rejects(promise, (error) => {
      assert.equal(error.code, code, error.message);
      assert.deepEqual(error.metadata.get("exception"), exception ? [exception] : []);
      return true;
    });
  const { FAILED_PRECONDITION, NOT_FOUND, PERMISSION_DENIED } = grpc.status;

  story("users are made, changed, kept out, let in and taken away", async () => {
    const user = login();
    await root.create(user, { FullName: "Ana Example", GroupsList: ["billing", "shipping"] });
    await refused(root.create(user, {}), FAILED_PRECONDITION, "user-conflict");
    const [shown] = await by(user, PASSWORD).details(user);
    assert.deepEqual(
      [shown.getLoginName(), shown.getFullName(), shown.getGroupsList(), shown.getDisabled()],
      [user, "Ana Example", ["billing", "shipping"], false],
    );
    await root.update(user, { FullName: "Ana Other", Password: OTHER });
    assert.deepEqual([await comesIn(user, OTHER), await comesIn(user, PASSWORD)], [true, false]);
    await root.disable(user);
    assert.equal(await comesIn(user, OTHER), false);
    assert.equal((await root.details(user))[0].getDisabled(), true);
    await root.enable(user);
    assert.equal(await comesIn(user, OTHER), true);
    const names = (await root.details("")).map((user) => user.getLoginName());
    assert.ok(names.includes(user) && names.includes(keeper));
    await root.delete(user);
    assert.equal(await comesIn(user, OTHER), false);
    await refused(root.delete(user), NOT_FOUND, "user-not-found");
  });

  story("a password is changed by who knows it and reset by who administers", async () => {
    const user = login();
    await root.create(user, {});
    const own = by(user, PASSWORD);
    await refused(own.change(user, "not the password", OTHER), PERMISSION_DENIED, "access-denied");
    await own.change(user, PASSWORD, OTHER);
    assert.deepEqual([await comesIn(user, OTHER), await comesIn(user, PASSWORD)], [true, false]);
    const changed = by(user, OTHER);
    await refused(changed.reset(user, PASSWORD), PERMISSION_DENIED, "access-denied");
    await refused(changed.create(login(), {}), PERMISSION_DENIED, "access-denied");
    await refused(changed.details(keeper), PERMISSION_DENIED, "access-denied");
    await root.reset(user, PASSWORD);
    assert.deepEqual([await comesIn(user, OTHER), await comesIn(user, PASSWORD)], [false, true]);
  });
};
