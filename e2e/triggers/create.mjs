const handler = async (event) => {
  if (event.request.challengeName !== "CUSTOM_CHALLENGE") {
    return event;
  }

  event.response.publicChallengeParameters = {};
  event.response.privateChallengeParameters = {};
  event.response.publicChallengeParameters.captchaUrl = "url/123.jpg";
  event.response.privateChallengeParameters.answer = "5";

  return event;
};

export { handler };
